"""The HTTP face: health, metrics, reload, and Prometheus' view of the rules and their alerts.

May not decide anything; it reads the board and asks the app, and never sees a notifier, a datasource or the store.
"""
