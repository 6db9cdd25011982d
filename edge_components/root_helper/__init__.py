"""The one component that runs as root: the folders of the others, and facts that only root can read."""
