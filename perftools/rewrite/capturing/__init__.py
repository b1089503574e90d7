"""What is put into a program whose calls are captured: files that need nothing but Python 3.9."""
