"""The Go text/template language of annotations, labels and notifications.

Pure: standard library, alertd.errors and alertd.regex only; no clock, no randomness, no other package of alertd.
"""
