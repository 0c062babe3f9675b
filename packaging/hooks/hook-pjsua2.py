"""The SWIG module of PJSIP loads its extension by name, and the wheel keeps bundled libraries beside it."""

from PyInstaller.utils.hooks import collect_dynamic_libs

hiddenimports = ["_pjsua2"]
binaries = collect_dynamic_libs("pjsua2")
