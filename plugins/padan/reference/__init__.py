"""Reference codes, both ways: published lists taken in, what changed, what each agency owes the other, and a service
by which liaison staff map codes in OpenRefine. Codes only, no person (docs/reference-codes.md)."""
