"""Ways to tell people, one file each. A notifier gets one finished value and raises one kind of error.

It cannot route, mute or repeat, and it knows no other edge. Third parties add theirs by the entry point
`alertd.notifiers`; docs/notifiers.md says how.
"""
