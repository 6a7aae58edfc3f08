# what the code looks like: formatting, layers, sizes, shell syntax; what is generated is so whole or not at all
style_tests = tests/style/format.sh tests/style/generated.sh tests/style/layers.sh tests/style/limits.sh tests/style/symbols.sh
dist_check_SCRIPTS += $(style_tests)
TESTS += $(style_tests)
EXTRA_DIST += .ci/run .clang-format tests/bare/run quickstart
