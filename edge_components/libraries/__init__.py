"""The public Python libraries of the components: a recipe, and what installs the wheels on the device."""
