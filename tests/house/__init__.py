"""What must hold of the repository itself: its rules, its documents, its packaging."""
