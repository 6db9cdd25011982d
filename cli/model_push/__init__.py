"""Publishing model packages for devices, and listing what is published."""
