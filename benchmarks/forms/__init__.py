"""The scorer in each of its forms, a module each; `core.forms()` names them and says what they have in common."""
