"""Programs that run inside the project's own Python (3.9 and later), which need not know perftools."""
