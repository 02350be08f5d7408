Feature: A database administrator reads in the morning what the night found

  Background:
    Given a ledger of 500 entries and 3 merchants that was migrated this week

  Scenario: Everything arrived
    When the night runs
    Then the night is PASS
    And entries and merchants each have a record of their own, and so has the database

  Scenario: One table is wrong, and only that one is red
    Given the target lost entry 3
    When the night runs
    Then the night is FAIL
    And table entries is FAIL with 0 changed, 1 missing and 0 extra rows
    And table merchants is PASS

  Scenario: The worker is killed half-way
    Given the target lost entry 3
    And the target counts one cent less for entry 400
    When the worker is killed in the middle of entries
    And another worker takes over
    Then table entries is FAIL with 1 changed, 1 missing and 0 extra rows
    And every one of the 500 legacy entries was counted once
    And the record says that it was not one single snapshot

  Scenario: A task left no word
    When the task that compares entries vanishes
    Then the night is INVALID
    And table entries is INVALID, because its task was probably killed
    And table merchants is PASS

  Scenario: An index was left out on purpose, for a while
    Given the target forgot the index of entries
    And a waiver for the schema of entries, ticket DBA-7
    When the night runs
    Then the night is WAIVED

  Scenario: The same index without a waiver
    Given the target forgot the index of entries
    When the night runs
    Then the night is FAIL
    And table entries is PASS
    And the database is FAIL, because of index entries.by_memo

  Scenario: Only some tables were asked for
    Given the target lost entry 3
    When the night runs for table merch*
    Then the night is PASS
    And entries is listed as not compared
    And nothing is recorded of entries, nor of the database as a whole
