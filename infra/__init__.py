"""Everything that provisions the system: CDK stacks, and the same system on one machine."""
