"""The person's rights and the controller's papers under UU 27/2022: a person's trail, the record, the assessment."""
