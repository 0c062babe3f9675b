"""pjsua2: the SWIG module loads its extension by name, from beside itself."""

hiddenimports = ["pjsua2._pjsua2"]
