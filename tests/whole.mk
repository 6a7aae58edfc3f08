# whole commands against the fake API and real data (Python, TAP)
WHOLE_TESTS = \
	tests/whole/fake-api.py
dist_check_SCRIPTS += $(WHOLE_TESTS)
EXTRA_DIST += tests/whole/lib.py
if HAVE_MICROHTTPD
TESTS += $(WHOLE_TESTS)
endif
