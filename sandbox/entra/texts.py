"""The words of Entra's pages in English and Japanese, kept side by side so that neither falls behind."""

EN = {
    "note": "This is the local sandbox, not Microsoft. Nobody here is real and no password is asked for.",
    "pick_title": "Pick an account",
    "pick_lead": "Who do you want to be?",
    "signed_in": "signed in",
    "cancel": "Cancel",
    "signed_out_title": "You signed out",
    "signed_out_lead": "You can close this window.",
    "refused_title": "This sign-in cannot go on",
    "requests": "Requests reimages · group team-web",
    "approves": "Approves · group vm-approvers",
    "audits": "Audits · role Reimage.Auditor",
    "administers": "Administers · role Reimage.Administrator",
    "stranger": "A stranger · no group, no role",
}
JA = {
    "note": "これはローカルのサンドボックスで、Microsoft ではありません。登場人物は架空で、パスワードも不要です。",
    "pick_title": "アカウントを選択する",
    "pick_lead": "誰としてサインインしますか。",
    "signed_in": "サインイン済み",
    "cancel": "キャンセル",
    "signed_out_title": "サインアウトしました",
    "signed_out_lead": "このウィンドウは閉じてかまいません。",
    "refused_title": "サインインを続けられません",
    "requests": "再イメージ化を申請・グループ team-web",
    "approves": "承認・グループ vm-approvers",
    "audits": "監査・ロール Reimage.Auditor",
    "administers": "管理・ロール Reimage.Administrator",
    "stranger": "部外者・グループもロールもなし",
}
LANGUAGES = {"en": EN, "ja": JA}
