"""What devices get from the cloud: component versions, artifacts, policies, groups, roll-outs and jobs."""
