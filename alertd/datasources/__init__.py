"""Servers that answer PromQL. A datasource decides nothing and raises nothing: a failure is an answer too."""
