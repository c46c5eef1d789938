"""What the terminal shows once the demo is ready, in English and in Japanese."""

RULE = "=" * 78

TEXT = """\
{rule}
  Reimage Portal is ready:  {url}        (Ctrl-C ends it)
  Sign in as
    Alice Aoki    requests: her team's web and batch machines
    Bob Baba      approves: everything in the subscription "Production"
    Carol Chiba   audits: reads everything, acts on nothing
    Dan Date      administers: grants, inventory, operations that need attention
    Eve Endo      is a stranger: gets in, sees nothing

  準備ができました:  {url}        (終了は Ctrl-C)
  サインインする人
    Alice Aoki    申請者: 担当チームの web と batch の仮想マシン
    Bob Baba      承認者: サブスクリプション「Production」のすべて
    Carol Chiba   監査者: すべてを閲覧、操作はできません
    Dan Date      管理者: 権限、インベントリ、対応が必要な操作
    Eve Endo      権限なし: サインインはできますが、何も見えません
{rule}"""


def welcome(url: str) -> str:
    """The text with the portal's address."""
    return TEXT.format(rule=RULE, url=url)
