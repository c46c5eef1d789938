"""The browser that all tests of this folder stand on."""

from playwright.sync_api import Page


def test_it_is_a_real_browser_that_runs_scripts(page: Page):
    page.set_content("<title>before</title><script>document.title = 'after'</script>")
    assert page.title() == "after"
