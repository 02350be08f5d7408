Feature: On call hears of a change once, and can read in a minute what it is

  Background:
    Given an on-call engineer with a pager, a chat, a mailbox and a webhook

  Scenario: A difference pages once, stays quiet while it lasts, and resolves itself
    When settle_card_payments differs in 7 rows for 3 nights
    Then the pager has 1 incident, and it is triggered
    And every channel heard "new" once
    When settle_card_payments is equal again
    Then the pager has 1 incident, and it is resolved
    And every channel heard "recovered" once

  Scenario: The message says in five lines what is wrong and what failed first
    When load_payments breaks with "UserError 2011: out of memory" and settle_card_payments waits for it
    Then the pager has 1 incident, and it is triggered
    And the message reads
      | What     | load_payments · 2026-03-02: could not be compared |
      | Where    | Failed first: ADF activity load_payments: UserError 2011: out of memory |
      | Since    | Since this business date, 2026-03-02. |
      | How much | 1 more waits for it: settle_card_payments. |
      | Next     | fix what failed, then clear the activity's tasks. https://airflow.test/run |

  Scenario: A night that could not be compared does not resolve a known difference
    When settle_card_payments differs in 7 rows for 1 night
    And settle_card_payments could not be compared because ADF said "SystemError"
    Then the pager has 2 incidents, and they are triggered
    When settle_card_payments is equal again
    Then the pager has 2 incidents, and they are resolved

  Scenario: A pager that is down hides nothing from the others and hears of it later
    Given the pager is down
    When settle_card_payments differs in 7 rows for 1 night
    Then the chat heard "new" once
    And the pager has 0 incidents
    Given the pager is up again
    When the gate is cleared and runs again
    Then the pager has 1 incident, and it is triggered
    And the chat heard "new" once
