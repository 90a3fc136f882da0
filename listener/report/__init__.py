"""Reports for marketing managers: one campaign over a period, in Persian or English, on paper or in a sheet."""
