"""ratings: how well drivers drive, from data and line by line; what colleagues say; and appeals."""
