"""The recipe engine: match, guard, diff, prove, time, apply, undo."""
