"""People and machines come in here: HTML, JSON, websockets, device sockets."""
