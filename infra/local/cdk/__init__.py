"""The stacks of app.py, deployed by the CDK command line into a MiniStack of their own."""
