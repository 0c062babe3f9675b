"""A pretend company that really answers SIP calls, to practise on and to test with."""
