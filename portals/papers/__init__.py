"""Documents of drivers, handed in from wherever: the driver's portal, the private link of an applicant, the office."""
