"""The health page: is a child's message stuck, who owes whom, is the log whole."""
