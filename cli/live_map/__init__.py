"""The live map on one machine: the very handler and page of the cloud, on 127.0.0.1."""
