"""The Go text/template language of annotations, labels and notifications.

Pure: standard library and alertd.errors, alertd.regex only; no I/O, no clock, no randomness, no other package of alertd.
"""
