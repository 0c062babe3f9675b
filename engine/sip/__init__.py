"""SIP signalling and media. The only home of pjsua2; it lives in a process of its own."""
