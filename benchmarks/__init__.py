"""How fast Padan lands, next to what the database and another loader can do; see README.md."""
