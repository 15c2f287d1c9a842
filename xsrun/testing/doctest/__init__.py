"""Documentation tests: the XanoScript examples of a page, run and compared with what the page says of them."""

from xsrun.testing.doctest.page_runner import BlockResult, test_page

__all__ = ["BlockResult", "test_page"]
