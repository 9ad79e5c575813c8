"""The loops: they wait for an instant and carry things between the core and the edges.

May not decide anything (that is the core's), nor know which datasource, notifier or store it talks to (that is app's).
"""
