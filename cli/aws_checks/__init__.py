"""What `crowdlens doctor --aws` looks at in an account before a deployment. It only reads."""
