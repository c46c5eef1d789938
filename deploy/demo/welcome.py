"""What the terminal shows once the demo is ready, in English and in Japanese."""

from pathlib import Path

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
  What to do next
    1. Sign in as Alice, choose two machines under "Machines", and request
    2. In a private window sign in as Bob, and approve under "Approvals"
    3. Watch the request run on Alice's page: it takes about half a minute
    4. Sign in as Carol, and find every step under "Audit"
  Mails to them are files in  {mails}  (to Bob from his first sign-in on)

  準備ができました:  {url}        (終了は Ctrl-C)
  サインインする人
    Alice Aoki    申請者: 担当チームの web と batch の仮想マシン
    Bob Baba      承認者: サブスクリプション「Production」のすべて
    Carol Chiba   監査者: すべてを閲覧、操作はできません
    Dan Date      管理者: 権限、インベントリ、対応が必要な操作
    Eve Endo      権限なし: サインインはできますが、何も見えません
  次にすること
    1. Alice でサインインし、「仮想マシン」で 2 台を選んで申請します
    2. プライベート ウィンドウで Bob としてサインインし、「承認」で承認します
    3. Alice の画面で実行の様子を見ます (30 秒ほどかかります)
    4. Carol でサインインし、「監査」ですべての手順を確認します
  メールは次のフォルダーのファイルになります (Bob には初回のサインインから):
    {mails}
{rule}"""


def welcome(url: str, mails: Path) -> str:
    """The text with the portal's address, and the folder of the mails."""
    return TEXT.format(rule=RULE, url=url, mails=mails)
