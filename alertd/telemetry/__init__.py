"""What others can see of alertd: metrics and logs, made of the events that the engine emits.

It subscribes and never decides: nothing here may change a state, wait, raise into the engine, or be imported by it.
"""
