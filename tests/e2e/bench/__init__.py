"""`make bench`: alertd beside vmalert and Prometheus on the same machine, in one run, against the same world."""
