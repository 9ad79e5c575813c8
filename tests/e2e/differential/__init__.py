"""The same rules over the same data, by Prometheus and by alertd: what both make of every instant is compared."""
