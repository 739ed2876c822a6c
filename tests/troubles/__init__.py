"""What dies, hangs or comes late becomes a trouble while all else goes on."""
