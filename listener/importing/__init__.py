"""Business records from spreadsheets: for teams without a producer of their own."""
