# tests: every test prints TAP.  NAME.t is a Check suite, NAME.sh and NAME.py drive whole commands.
# Each room has its own list below, so that a test is found next to its like.
TEST_EXTENSIONS = .t .sh .py
T_LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(T_LOG_DRIVER)
PY_LOG_DRIVER = $(T_LOG_DRIVER)
SH_LOG_COMPILER = $(SHELL)
PY_LOG_COMPILER = $(PYTHON)
AM_TESTS_ENVIRONMENT = \
	export top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' NM='$(NM)' CC='$(CC)' \
	  PYTHON='$(PYTHON)' ABHOST='$(abs_top_builddir)/abhost' PYTHONDONTWRITEBYTECODE=1 \
	  CK_TAP_LOG_FILE_NAME=- CK_VERBOSITY=silent;

include tests/base.mk
include tests/data.mk
include tests/net.mk
include tests/worker.mk
include tests/dest.mk
include tests/engine.mk
include tests/cli.mk
include tests/sdk.mk
include tests/fake-api.mk
include tests/whole.mk
include tests/real.mk
include tests/style.mk
