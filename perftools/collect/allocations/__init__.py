"""Every allocation of one worker for some seconds, by memray, which runs inside it: only when asked for by name."""
