"""Contextual escaping of HTML, as Go's html/template does it: what a value becomes depends on where it stands."""
