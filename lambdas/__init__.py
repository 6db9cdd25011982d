"""The cloud functions, one folder each, over `lambdas.shared`."""
