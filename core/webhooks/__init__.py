"""Facts told to the endpoints of integrators, signed, in order, until they are taken."""
