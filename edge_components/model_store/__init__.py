"""Model packages on a device: fetched, checked, built for its GPU, tried, activated, rolled back."""
