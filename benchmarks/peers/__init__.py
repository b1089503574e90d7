"""What a reader might pick instead of our forms, on the same table and requests; `core.peers()` names them.

They choose the best by their own means and decide ties as they like, so they are no forms; their scores are checked all
the same.
"""
