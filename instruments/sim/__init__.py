"""The simulated bench: physics, devices behind the wire protocols, faults. Also the package where pyserial finds ``sim://``."""
